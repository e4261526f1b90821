"""Which versions are newer, where values stand in files, and how one is exchanged: functions of texts."""
