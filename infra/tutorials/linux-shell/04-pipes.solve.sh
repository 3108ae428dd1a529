cut -d ' ' -f 4 ~/practice/access.log | sort | uniq -c | sort -rn > ~/practice/codes.txt
