"""Heavy work in a process of its own: speech, music, later reports and transcoding."""
