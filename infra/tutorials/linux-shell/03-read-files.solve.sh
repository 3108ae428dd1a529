grep ' 500 ' ~/practice/access.log > ~/practice/errors.txt
