run = "not callable"
