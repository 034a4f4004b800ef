"""The tester itself: channels with their tests and cells. Neither network nor clock."""
