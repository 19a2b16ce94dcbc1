"""机构: the tree, changes of a department, its export."""
