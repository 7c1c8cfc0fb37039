menu-stranger = Olá! 👋 Aqui é *{ $business }*. { $greeting }

    Como posso ajudar?
menu-member = Oi, { $name }! 💚 Você é membro do plano *{ $plan }*.

    O que você precisa?
menu-stranger-again = Como posso ajudar?
menu-member-again = O que você precisa?
menu-option-join = Quero fazer parte
menu-option-join-other = Cadastrar outra pessoa
menu-option-plans = Conhecer os planos
menu-option-card = Minha carteirinha
menu-option-benefits = Meus benefícios
menu-option-home = Voltar ao menu
menu-option-resume = Continuar cadastro

menu-plans = Nossos planos:

    { $lines }
menu-plan-line = *{ $plan }* — { $price } { $cycle }
    { $description }
menu-plan = { $lines }
menu-plans-again = Quer escolher um? Pode escrever o nome do plano.
menu-plan-again = { menu-plans-again }
menu-whose = De quem é a carteirinha?
menu-card = Aqui está 😊 Mostre esta carteirinha no parceiro: o QR code confirma na hora que ela vale.

    Link: { $card_url }

    Para compartilhar: { $share_url }
menu-card-again = Precisa de mais alguma coisa?
menu-fetching-wait = Estou preparando sua carteirinha, já te mando.
menu-no-card = Não consegui preparar sua carteirinha agora. Já avisei a equipe; tente de novo mais tarde.
menu-benefits = Seus benefícios:

    { $lines }
menu-benefits-again = { menu-card-again }
menu-no-benefits = Seu plano ainda não tem benefícios publicados. Fale com a equipe.

# The words a wa.me link writes for the person.
link-join = Quero fazer parte

leaving-confirm = Quer mesmo cancelar seu cadastro? Vou apagar o que você já respondeu. Se algo já foi pago, devolvemos tudo.
leaving-option-stay = Continuar cadastro
leaving-option-leave = Sim, cancelar
leaving-option-return = Voltar
leaving-late = Seu contrato já foi assinado, então o cancelamento é com a equipe. Posso chamar?

signed-copy = Aqui está sua via do contrato assinado, com a página de comprovação ✍️
refund-sent = Devolvemos { $amount } para a conta que fez o Pix. 💚
