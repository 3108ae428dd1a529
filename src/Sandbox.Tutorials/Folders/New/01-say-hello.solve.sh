echo "Hello, world" > ~/greeting
