if [ ! -d ~/work ]; then
    echo "There is no directory ~/work yet."
    exit 1
fi
echo "You have a directory to work in."
