// JobContext
