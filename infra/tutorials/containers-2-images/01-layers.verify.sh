if ! docker diff one 2> /dev/null | grep -qx 'A /note'; then
    echo "There is no container named one that has written /note."
    exit 1
fi
echo "The container one added /note to its own layer."
