"""What the platform does by itself, one file a job: each goes through the same commands as people, as ``system:jobs``."""
