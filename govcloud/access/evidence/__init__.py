"""Evidence: what an approver knew when they decided, and the signed receipt that says so."""
