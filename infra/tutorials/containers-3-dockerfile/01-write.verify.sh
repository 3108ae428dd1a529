if ! docker image inspect site > /dev/null 2>&1; then
    echo "There is no image named site yet."
    exit 1
fi
echo "The image site is built."
