if ! docker run --rm noted cat /note > /dev/null 2>&1; then
    echo "There is no image named noted in which /note exists."
    exit 1
fi
echo "The image noted has the note."
