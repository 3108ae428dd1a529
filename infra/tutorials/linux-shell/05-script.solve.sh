cat > ~/practice/report.sh <<'SCRIPT'
#!/bin/bash
cut -d ' ' -f 1 ~/practice/access.log | sort | uniq -c | sort -rn | head -n 3
SCRIPT
chmod 755 ~/practice/report.sh
