"""What a line waits for: its tasks and who holds them, decisions that make a task complete, and rules that owners signed in advance.

``opening`` makes the tasks of a line, ``rights`` finds in whose right somebody decides, ``standing`` reads and closes tasks,
``handling`` has the commands on a task (claim, release, reassign), ``presigned`` the rules, ``lending`` the delegations that hold.
"""
