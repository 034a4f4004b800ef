"""What a tester replies to each MacNet function. Neither network nor clock."""
