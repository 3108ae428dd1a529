if [ -f ~/practice/report.sh ] && [ ! -x ~/practice/report.sh ]; then
    echo 'The file is there. `chmod +x ~/practice/report.sh` lets you run it.'
else
    echo 'Click on the first block: it writes the file.'
fi
