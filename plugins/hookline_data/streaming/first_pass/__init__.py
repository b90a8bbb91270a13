"""What must be known about all rows before they can be prepared."""
