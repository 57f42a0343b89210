insert into numbers select i, i * i from range(1, 1001) as ids(i)
