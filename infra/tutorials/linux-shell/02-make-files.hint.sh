if [ ! -f ~/work/greeting.txt ]; then
    echo 'Begin with the first block of this page: it makes `greeting.txt`.'
else
    echo '`cp` takes two names: `cp ~/work/greeting.txt ~/work/copy.txt`.'
fi
