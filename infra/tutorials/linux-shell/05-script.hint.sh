if [ -f ~/work/report.sh ] && [ ! -x ~/work/report.sh ]; then
    echo 'The file is there. `chmod +x ~/work/report.sh` lets you run it.'
else
    echo 'Click on the first block: it writes the file.'
fi
