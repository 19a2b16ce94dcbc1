"""What one holds, and what one answers for."""
