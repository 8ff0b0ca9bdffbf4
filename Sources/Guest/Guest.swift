// Guest
