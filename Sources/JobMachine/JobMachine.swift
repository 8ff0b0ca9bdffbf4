// JobMachine
