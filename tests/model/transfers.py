"""Ten accounts that pay each other: whatever way the balances are added up, after every input the total is 0."""

from story import Story, row_text

CREDITS = "SELECT payee AS account, SUM(amount) AS s FROM transfers GROUP BY payee"
DEBITS = "SELECT payer AS account, SUM(amount) AS s FROM transfers GROUP BY payer"
BALANCES = [
    f"SELECT COALESCE(c.account, d.account) AS account, COALESCE(c.s, 0) - COALESCE(d.s, 0) AS balance "
    f"FROM ({CREDITS}) AS c FULL JOIN ({DEBITS}) AS d ON c.account = d.account",
    f"SELECT account, SUM(s) AS balance FROM ({CREDITS} UNION ALL "
    f"SELECT account, -s AS s FROM ({DEBITS}) AS d) AS b GROUP BY account",
    f"SELECT n.account, COALESCE((SELECT SUM(amount) FROM transfers WHERE payee = n.account), 0) - "
    f"COALESCE((SELECT SUM(amount) FROM transfers WHERE payer = n.account), 0) AS balance "
    f"FROM (SELECT payee AS account FROM transfers UNION SELECT payer FROM transfers) AS n",
]


def make(random, seed):
    story = Story(f"Transfers, seed {seed}")
    story.block("statement ok", "SET 'state.unbounded' = 'allow'")
    story.block("statement ok", "CREATE TABLE transfers (payer BIGINT, payee BIGINT, amount BIGINT)",
                "WITH ('connector' = 'push', 'format' = 'csv')")
    balances = random.choice(BALANCES)
    total = random.random() < 0.6
    story.block("query fold",
                f"SELECT SUM(balance) AS total FROM ({balances}) AS b" if total else balances)
    accounts = {}
    for _ in range(random.randint(3, 10)):
        lines = []
        for _ in range(random.randint(1, 12)):
            payer, payee, amount = random.randrange(10), random.randrange(10), random.randrange(100)
            accounts[payer] = accounts.get(payer, 0) - amount
            accounts[payee] = accounts.get(payee, 0) + amount
            lines.append(f"{payer},{payee},{amount}")
        story.block("input transfers", *lines)
        story.output(["0"] if total else map(row_text, accounts.items()), True)
    return story.text()
