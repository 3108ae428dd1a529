printf '#!/bin/sh\ncat ~/greeting\n' > ~/greet.sh
chmod 755 ~/greet.sh
