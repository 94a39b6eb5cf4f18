# Starts the Python runtime. Everything is in the package beside this file, where it is compiled once; a script is compiled at
# every start, so this one stays short.
from lambent_runtime.loop import run

if __name__ == "__main__":
    run()
