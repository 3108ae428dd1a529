if [ "$(docker exec clerk wget -q -T 3 -O - http://store/stock 2> /dev/null)" != "42 apples" ]; then
    echo "The clerk does not reach the store yet."
    exit 1
fi
echo "The clerk is on both networks."
