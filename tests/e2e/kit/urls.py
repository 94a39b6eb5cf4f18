"""Function URLs as the tests ask them."""

from urllib.parse import urlsplit

from kit.raw import POOL


class Url:
    """A function URL, and how it is asked."""

    def __init__(self, server, url):
        self.server, self.host = server, urlsplit(url).netloc
        self.id = self.host.partition(".")[0]

    def ask(self, path="/", method="GET", body=None, headers=None, by_path=False):
        url = self.server.url + (f"/_lambent/url/{self.id}{path}" if by_path else path)
        given = {} if by_path else {"Host": self.host}
        return POOL.request(method, url, body=body, headers=given | (headers or {}))


def open_to_everyone(client, name, **options):
    client.add_permission(
        FunctionName=name, StatementId="url", Action="lambda:InvokeFunctionUrl", Principal="*", FunctionUrlAuthType="NONE", **options
    )
