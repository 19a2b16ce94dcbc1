"""People: officials, their appointments and standings, from joining to leaving and back."""
