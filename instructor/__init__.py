"""What only instructors run: grading a folder of submissions."""
