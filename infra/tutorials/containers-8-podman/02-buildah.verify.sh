if [ "$(podman run --rm localhost/made 2> /dev/null)" != "made with buildah" ]; then
    echo "There is no image localhost/made that prints its words."
    exit 1
fi
echo "Built without Docker."
