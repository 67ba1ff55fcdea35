"""Scene + camera + time -> pixels. The floor: imports nothing above it; this root imports numpy only."""
