if [ ! -f ~/practice/greeting.txt ]; then
    echo 'Begin with the first block of this page: it makes `greeting.txt`.'
else
    echo '`cp` takes two names: `cp ~/practice/greeting.txt ~/practice/copy.txt`.'
fi
