"""What a subsystem offers: functions, what they rest on, items and how much care they need, sensitivity and levels."""
