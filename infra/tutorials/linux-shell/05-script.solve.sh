cat > ~/work/report.sh <<'SCRIPT'
#!/bin/bash
cut -d ' ' -f 1 ~/work/access.log | sort | uniq -c | sort -rn | head -n 3
SCRIPT
chmod 755 ~/work/report.sh
