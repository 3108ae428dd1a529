if [ "$(docker logs byhand 2> /dev/null)" != "by hand" ]; then
    echo "There is no container named byhand that printed its words."
    exit 1
fi
echo "You spoke to the daemon yourself."
