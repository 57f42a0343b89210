values = []
