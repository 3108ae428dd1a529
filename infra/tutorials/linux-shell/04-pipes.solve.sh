cut -d ' ' -f 4 ~/work/access.log | sort | uniq -c | sort -rn > ~/work/codes.txt
