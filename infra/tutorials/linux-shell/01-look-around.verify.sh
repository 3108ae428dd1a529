if [ ! -d ~/practice ]; then
    echo "There is no directory ~/practice yet."
    exit 1
fi
echo "You have a directory to work in."
