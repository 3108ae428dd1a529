if [ ! -x ~/practice/report.sh ]; then
    echo "~/practice/report.sh is missing, or may not be run: chmod +x makes it so."
    exit 1
fi
if [ "$(~/practice/report.sh 2> /dev/null | wc -l)" != 3 ]; then
    echo "report.sh should print three lines."
    exit 1
fi
echo "Your script works."
