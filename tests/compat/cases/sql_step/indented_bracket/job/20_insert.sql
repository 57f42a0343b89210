INSERT INTO t
  ([quoted name], [other]) VALUES (1, '[x]')
