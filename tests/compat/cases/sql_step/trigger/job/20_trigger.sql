CREATE TRIGGER note AFTER INSERT ON t
BEGIN
  UPDATE t SET note = 'seen; noted' WHERE id = new.id;
  UPDATE t SET note = note || '!' WHERE id = new.id;
END;
