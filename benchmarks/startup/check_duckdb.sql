select case when numbers = 1000 and squares = 333833500 then 'right'
  else error('the job did not compute its summary') end
from summary
