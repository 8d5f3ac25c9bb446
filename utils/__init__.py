"""The small package that the course's notebooks share; its modules are imported one by one."""
