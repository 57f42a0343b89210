SELECT 'never printed'
