limit=$(docker inspect -f '{{.HostConfig.Memory}}' small 2> /dev/null)
if [ -z "$limit" ]; then
    echo "There is no container named small yet."
    exit 1
fi
if [ "$limit" != 33554432 ]; then
    echo "The container small may use $limit bytes; 33554432 (32 MB) are wanted."
    exit 1
fi
echo "small is bounded at 32 MB."
