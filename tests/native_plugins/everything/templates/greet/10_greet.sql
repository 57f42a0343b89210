tell {name} hello
