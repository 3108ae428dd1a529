if ! said=$(docker logs first 2> /dev/null); then
    echo "There is no container named first yet."
    exit 1
fi
if [ "$said" != "$(uname -r)" ]; then
    echo "The container first printed something else than the kernel of this sandbox."
    exit 1
fi
echo "Same kernel: $said."
