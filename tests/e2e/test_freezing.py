"""Between invocations nothing of a function runs: what it left goes on with the next invocation (AWS: execution environment life cycle)."""

import time

from kit.eventually import eventually


def test_a_thread_left_behind_stands_still_between_invocations(python):
    function = python("""
        import threading, time
        ticks = 0
        def tick():
            global ticks
            while True:
                ticks += 1
                time.sleep(0.01)
        def handler(event, context):
            if event:
                threading.Thread(target=tick, daemon=True).start()
                time.sleep(0.1)
            return ticks
    """)
    before = function.invoke(True).value
    time.sleep(2)
    after = function.invoke(False).value
    # Two hundred, had it run; some before it is frozen, and some between the two ends of the invocation.
    assert before > 0 and after - before < 100
    assert eventually(lambda: function.invoke(False).value > after, what="the thread's going on with the invocations")


def test_a_timer_left_behind_fires_with_the_next_invocation(nodejs):
    function = nodejs("""
        let fired = 0;
        const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis));
        exports.handler = async (event) => {
            if (event) { setTimeout(() => { fired = Date.now(); }, 500); return null; }
            await pause(200);
            return fired;
        };
    """)
    function.invoke(True)
    time.sleep(1.5)
    asked = time.time() * 1000
    assert function.invoke(False).value > asked - 50
    # Frozen and thawed, it serves as before.
    for _ in range(3):
        time.sleep(0.1)
        assert function.invoke(False).value > 0
