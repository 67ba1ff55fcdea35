"""Cameras of a freeze-time video, solved by COLMAP in a child process."""
