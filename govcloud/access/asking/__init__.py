"""What helps to ask: the basket, the search that says what one may have, what a colleague has beyond oneself, what is attached."""
