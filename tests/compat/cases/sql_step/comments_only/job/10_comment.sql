-- nothing yet
/* nor
   here */
