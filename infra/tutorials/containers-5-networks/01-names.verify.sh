if [ "$(docker run --rm --network shop busybox wget -q -T 3 -O - http://store/stock 2> /dev/null)" != "42 apples" ]; then
    echo "No container named store answers on a network named shop."
    exit 1
fi
echo "store is found by its name."
