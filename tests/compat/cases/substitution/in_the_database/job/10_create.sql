    CREATE TABLE {table} (
      name TEXT
    )
