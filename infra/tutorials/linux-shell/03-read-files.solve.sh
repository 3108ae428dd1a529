grep ' 500 ' ~/work/access.log > ~/work/errors.txt
